"""From a report to what people and programs read. Pictures are handed in; nothing opens media."""
