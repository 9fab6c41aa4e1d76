"""Where tasks run: in this process, or in processes of this host. Others are plugins."""
