"""Invented histories, as command lines for `parcours load`: the study of 2022-2024, and plausible histories of any size.

This package is a client of Parcours. It knows the commands by their names and their JSON, and the two configuration files of `deploy`
(territories and definitions); it imports nothing of `services` or `shared`.

How it works
------------
1. A plan is drawn for each person (plans.py): the days of the first contact, and what follows it: coaching, a referral to a partner, or
   the end of the contact. The study draws its plans so that its published figures come out (study.py); the generator draws them with
   weights (generator.py).
2. A generator function writes the plan out as commands, in the order in which they are recorded (person_history.py, with intake.py,
   coaching.py, outcomes.py, referrals.py and follow_ups.py). What is not about one person has sources of its own: programme_setup.py,
   workshops_and_loans.py and survey.py.
3. All sources are interleaved by time of recording (schedule.py). Memory grows with the number of people under way, not with the length
   of the history, so a million people can be generated into a pipe.

Seeds: every random draw comes from one `random.Random(seed)`, and identifiers are UUIDs of version 5, so the same arguments give the same
bytes. The draws of all sources come in the order of the lines. A change in the code that draws once more therefore changes the rest of the
history; in the study, the figures stay the same.
"""
