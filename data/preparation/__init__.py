"""Makes the images of users like those that a network was trained on. Knows nothing about files and networks."""
