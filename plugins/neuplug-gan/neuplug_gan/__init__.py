"""The adversarial trainer that neuplug's GAN plugins share: a library, no component of its own.

A GAN plugin derives its component from :class:`neuplug_gan.component.AdversarialGenerator` and
builds two networks; training, checkpoints, curves and alarms are here.
"""
