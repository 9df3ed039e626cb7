//go:build !unix && !windows

package osfault

import (
	"io/fs"
	"path/filepath"
)

func user(int) string { return "this user" }

func ownerOf(fs.FileInfo) string { return "somebody else" }

func mountOf(path string) string { return filepath.VolumeName(path) }

func openLimit() string { return "no more" }
