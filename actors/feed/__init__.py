"""Feeds: what the people somebody follows have shown lately, and what is worth seeing now.

Owns feed_scores, the ranking of *for you*, the snapshots of it that page walks go along, and, in feed_feedback and
feed_preferences, what people told their feed. Announces nothing. Listens to PostPublished, PostDeleted, PostRestored,
every change of a post's counts, and AccountErased.
"""
