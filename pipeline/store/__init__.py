"""What is kept beyond one batch: submissions, examinations, reports, answers, and who did what."""
