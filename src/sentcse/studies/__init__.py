"""Many runs read: compared, drawn, told in words, put on a page."""
