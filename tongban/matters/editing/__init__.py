"""What the catalogue's own editors work with: parts and elements, drafts, checks, comparison, rules built by choosing, files in and out."""
