"""The API's edge: endpoints, who may call them, limits, repeats, files behind links, access tokens."""
