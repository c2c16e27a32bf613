"""The recorded session of the README: a person at the demo, drawn as an animated SVG."""
