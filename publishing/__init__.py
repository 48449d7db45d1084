"""Publishing the city: reads its folder, names all mistakes, and publishes it as a whole."""
