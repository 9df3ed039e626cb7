package update

// syncFolder does nothing: Windows writes the names of files by itself.
func syncFolder(string) error { return nil }
