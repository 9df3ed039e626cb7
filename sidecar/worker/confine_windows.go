package worker

// confine has nothing to give up: what Windows has for it the daemon has set up.
func confine(*settings, string) error { return nil }

func seal(settings) error { return nil }
