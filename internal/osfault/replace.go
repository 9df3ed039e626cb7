package osfault

import (
	"os"
	"time"
)

const (
	// replacePatience is how long Replace tries again what another program holds up.
	replacePatience = 2 * time.Second
	// replacePause is the first pause between two attempts. Each later one is twice as long.
	replacePause = 2 * time.Millisecond
)

// Replace renames a file or folder to a name that another file may have, and replaces that one as a
// whole. Windows refuses this while any program has one of them open, which virus scanners and
// backups do for a moment with each new file, and so do our own commands that read it. Replace then
// tries again for up to two seconds.
func Replace(from, to string) error { return replace(from, to, replacePatience) }

func replace(from, to string, patience time.Duration) error {
	until := time.Now().Add(patience)
	for pause := replacePause; ; pause *= 2 {
		err := os.Rename(from, to)
		if err == nil || !held(err) || !time.Now().Add(pause).Before(until) {
			return err
		}
		time.Sleep(pause)
	}
}

// Read returns the content of a file that Replace may put in place at the same time.
func Read(path string) ([]byte, error) {
	until := time.Now().Add(replacePatience)
	for pause := replacePause; ; pause *= 2 {
		raw, err := os.ReadFile(path)
		if err == nil || !held(err) || !time.Now().Add(pause).Before(until) {
			return raw, err
		}
		time.Sleep(pause)
	}
}
