"""The names of the services and of the processes. A new service is its package and its name here.

Only names, so that the command line and the health checks read them without importing the services: a process that hosts services must
patch itself for eventlet first (`services.cli.serve`).
"""

NAMES = ("intake", "coaching", "referrals", "reporting", "webhooks", "accounts")
"""In the order in which imported history runs their policies: changing it changes the log that a file gives."""

WITHOUT_INBOX = ("webhooks", "accounts")  # these read the log themselves
GATEWAY, RELAY = "gateway", "relay"
PROCESSES = (*NAMES, GATEWAY, RELAY)
"""What `parcours service` can run: every service, the HTTP gateway, and the relay from the log to the broker."""
