"""Why a command has no form, or why no indicator reads an event: the reasons that several services give."""

NOT_COUNTED = "no indicator counts it; the timeline shows it"
NO_PAGE_YET = "given through the HTTP interface; the coach's pages do not ask for it yet"
OTHER_ROLE = "given through the HTTP interface by a role that has no pages yet"
ON_ITS_PAGE = "its page has a button for it"
BY_OPERATOR = "only the command line of an operator gives it"
BY_POLICY = "only a policy gives it"
