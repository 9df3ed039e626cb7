package osfault

import "time"

// ReplaceWithin is Replace with another patience.
func ReplaceWithin(from, to string, patience time.Duration) error {
	return replace(from, to, patience)
}
