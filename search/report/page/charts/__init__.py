"""Charts as inline SVG, drawn from plain numbers. Nothing here knows what a search is.

They are not drawn by matplotlib. It writes about 100 bytes a mark, so that 12 plots of 10,000 trials would take 12 MB;
here a mark takes 5 to 8 bytes. And colours are classes, so that a style sheet can follow a light or dark screen.
"""
