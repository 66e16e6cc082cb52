"""Feeds: what the people somebody follows have shown lately, and what is worth seeing now.

Owns feed_scores, the ranking of *for you*, and the snapshots of it that page walks go along.
Announces nothing. Listens to PostPublished, PostDeleted, PostRestored and to every change of a post's counts.
"""
