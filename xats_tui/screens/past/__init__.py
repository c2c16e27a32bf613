"""Time travel: the moment that all modes show, the data of that moment, and the line at the foot."""
