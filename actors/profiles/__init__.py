"""How people show themselves, and how much there is of each: posts, followers, likes.

Owns profiles. Announces ProfileUpdated, ProfileCounted and AvatarLeft. Listens to UserRegistered (a profile comes with
the account), AccountErased, Followed and Unfollowed (the counts), PrivacyChanged, StandingChanged (the role),
PhotoReady and PhotoRejected (the avatar). Domains above send AdjustCounts from their own events.
"""
