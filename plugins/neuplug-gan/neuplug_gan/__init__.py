"""The adversarial trainer that neuplug's GAN plugins share: a library, no component of its own."""
