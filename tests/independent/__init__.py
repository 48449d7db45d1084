"""Independent second calculations, written without reading the product's code."""
