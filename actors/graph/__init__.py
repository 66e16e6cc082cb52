"""How people stand to each other: who follows, asks to follow, blocks and mutes whom, and who is private.

Owns follows, follow_requests, blocks, mutes and private_accounts; `visibility` alone decides who may see what.
Announces Followed and Unfollowed, FollowRequested and FollowRequestEnded, Blocked and Unblocked, Muted and Unmuted,
PrivacyChanged, and SightNarrowed when somebody may no longer see somebody. Listens to StandingChanged, AccountErased,
and its own PrivacyChanged: who becomes public is followed by all who asked.
"""
