"""Everything that the referrals service decides."""

from services.referrals import directory, prescriber_loop, referral

DECIDERS = (referral.decider, directory.decider, prescriber_loop.decider)
