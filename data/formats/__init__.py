"""The file formats of images, a module for each."""
