"""Shows frozen data as text and as HTML; decides nothing."""
