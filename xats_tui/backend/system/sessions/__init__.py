"""Files in which clients describe their running sessions, believed only while the process that wrote them lives."""
