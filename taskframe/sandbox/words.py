"""The words that seeded tasks are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """A title with gaps; `fields` are the gaps' names."""

    text: str
    fields: tuple[str, ...]


def _templates(*texts: str) -> tuple[Template, ...]:
    return tuple(Template(t, tuple(re.findall(r"{(\w+)}", t))) for t in texts)


TEMPLATES: dict[str, tuple[Template, ...]] = {
    "engineering": _templates(
        "Fix {trouble} in {part}",
        "{part}: {trouble} after {event}",
        "Add {feature} to {part}",
        "Remove the old {feature} from {part}",
        "Write tests for {feature} in {part}",
        "Investigate {trouble} reported by {company}",
        "Upgrade {tool} for {part}",
        "Refactor {part} to make room for {feature}",
    ),
    "operations": _templates(
        "Rotate the TLS certificate of {host}",
        "Restore test of the {host} backup, {month}",
        "Move {part} to {region}",
        "Upgrade {tool} on {host}",
        "Postmortem: {trouble} on {host}",
        "Raise the disk quota of {host}",
        "Alert on {trouble} in {part}",
        "Access review {month}: {host}",
    ),
    "support": _templates(
        "Answer {company} about {topic}",
        "{company}: {topic} does not work as expected",
        "Refund {company} for {month}",
        "Call {company} back on {topic}",
        "Document {topic} in the help centre",
        "Escalation: {company} waits for {topic} since {month}",
        "Reproduce {trouble} at {company}",
    ),
    "finance": _templates(
        "Reconcile {month} invoices of {company}",
        "Chase the overdue payment of {company}",
        "Close the books for {month}",
        "Check the {month} expenses of {team}",
        "Prepare the contract renewal with {company}",
        "Book {month} accruals for {team}",
        "Answer the auditor on {topic}",
    ),
}

WORDS: dict[str, tuple[str, ...]] = {
    "trouble": (
        "a memory leak", "flaky tests", "a slow query", "timeouts", "duplicate rows", "a race condition",
        "wrong time zones", "missing translations", "an off-by-one error", "500 errors", "stale caches",
        "broken pagination", "lost updates", "rounding differences",
    ),
    "part": (
        "the billing API", "the mobile app", "the search index", "the login page", "the CSV export",
        "the webhook sender", "the admin console", "the nightly import", "the report builder",
        "the notification service", "the calendar sync", "the public docs", "the checkout",
    ),
    "feature": (
        "two-factor login", "bulk edit", "dark mode", "an audit log", "saved filters", "keyboard shortcuts",
        "rate limiting", "single sign-on", "retry with backoff", "soft delete", "inline comments",
        "CSV upload",
    ),
    "event": (
        "the last release", "the database upgrade", "switching to IPv6", "the daylight saving change",
        "the Friday deploy", "renaming the workspace",
    ),
    "tool": (
        "PostgreSQL 14 → 17", "Redis", "the Python runtime", "OpenSSL", "Kubernetes to 1.31", "Node.js 22",
        "the CI runners", "Terraform modules", "nginx",
    ),
    "host": (
        "db-primary", "api.example.com", "the staging cluster", "mail.example.com", "the data warehouse",
        "vpn-01", "the artifact store", "grafana", "the EU edge nodes",
    ),
    "region": ("eu-central-1", "us-east-2", "the Zürich data centre", "ap-northeast-1", "the new account"),
    "company": (
        "Northwind", "Müller & Söhne GmbH", "Café Ñandú", "Acme Corp.", "Globex", "株式会社さくら",
        "O'Reilly Plumbing", "Żubr Logistics", "Smith, Jones & Partners", "Société Lumière", "Initech",
        "Ωmega Labs", "Blue Fjord AS", "Tata Textiles",
    ),
    "topic": (
        "single sign-on", "the export limit", "invoice addresses", "data retention", "API keys",
        "user provisioning", "the sandbox account", "mail delivery", "VAT numbers", "seat counts",
        "the service credit",
    ),
    "month": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December", "Q1", "Q2", "Q3", "Q4",
    ),
    "team": ("engineering", "marketing", "support", "the Berlin office", "field sales", "operations"),
}  # fmt: skip

AWKWARD_TITLES = (
    'Escape <b>bold</b> & "quoted" names, please',
    "🔥 Checkout is down for café users in Zürich",
    "=SUM(A1:A9) shows up as text in the export",
    "Merge \"Smith, John\" and 'Smith; J.' in the CRM",
    "00742",
    "<script>alert('title')</script> in a task title",
    "N/A",
    "Übersetzung prüfen: „Größe“, naïve, 東京, مرحبا",
    "  Trim the spaces around this title  ",
    "1E5 requests/s: can we?",
    "A very long title: " + "the migration of the customer records to the new tenant " * 6 + "(part 1)",
    "-1 on the counter after a refund",
    "Cost centre\tand project swapped in the ledger",
    "TRUE is shown where a name should be",
)
"""Titles that break careless code: markup, formulas, separators, look-alikes of numbers and nulls."""

PARAGRAPHS = (
    "Seen on staging twice this week; production is not affected so far.",
    "Steps to reproduce:\n\n1. Sign in as an admin\n2. Open the report\n3. Press *Export*\n\nExpected: a file."
    " Seen: a blank page.",
    "See the runbook before touching anything: https://wiki.example.com/runbooks/42",
    "- [ ] agree on the wording\n- [ ] tell support\n- [ ] ship behind a flag",
    'The customer wrote: "it worked until Tuesday, and nobody changed a thing".',
    "Needs a **decision** by the end of the week, otherwise we keep the present state.",
    "Numbers, in €:\n\n| month | planned | booked |\n|---|---|---|\n| May | 12,500 | 11,980 |\n| June | 13,000 | |",
    "Blocked before by the vendor; they promised an answer, ticket `#48213`.",
    "Follow-up of last quarter's audit. Please attach the evidence here and link the policy.",
    '```python\nfor row in rows:\n    assert row["total"] >= 0\n```\nfails for about 3 rows in 10,000.',
    "Nice to have 🙂 but not before the release.",
    "Übergabe: alles Nötige liegt im Ordner „Kunden/2025“.",
    "We tried a restart, a rollback and a cache flush. None helped for longer than an hour, and the graphs show"
    " the same slow climb each time, so this is likely a leak rather than load.",
    "Owner changes when the rota does; ask in the channel.",
)
