"""From a report to what people read: text, HTML, and the sentences of both."""
