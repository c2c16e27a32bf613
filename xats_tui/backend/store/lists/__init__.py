"""Long lists, read stretch by stretch: messages, wakes, tasks, and what was done."""
