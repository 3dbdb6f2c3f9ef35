"""The style of a search: its charts, and the table of its trials."""

SEARCH = """
#trials .body>p:first-child{margin-bottom:20px}
.searched{margin-top:32px}
.tried{margin-top:36px}
.tried tbody th{width:auto;white-space:nowrap}
.tried td span{white-space:normal}
summary{padding:14px 0;cursor:pointer;font-size:.875rem;color:var(--accent)}
@media screen and (max-width:760px){.tried .choice{grid-column:1/-1}}
summary:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
"""
