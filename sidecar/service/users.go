package service

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Use is a service whose command is a program.
type Use struct {
	// Name is the name of the service, and Path its file, or its name again.
	Name, Path string
	// System says that it belongs to the machine and not to a user.
	System bool
	// Ours reports whether this package has installed it, with the home Home.
	Ours bool
	Home string
}

// Uninstall returns what removes the service, for the owner.
func (u Use) Uninstall() string {
	switch {
	case !u.Ours:
		return "remove " + u.Path + " in the way in which it was installed"
	case u.System:
		return "as root: thetaedge service uninstall --name " + u.Name
	}
	return "thetaedge service uninstall --name " + u.Name
}

// place is a folder with the files of services.
type place struct {
	dir    string
	system bool
}

// usesIn returns the services of files with an ending in some folders, whose command is a program. Folders that do not
// exist or that this user may not read have none; a file that cannot be read is an error, because it may be one.
func usesIn(places []place, ending, exe string, commandOf func(text string) string) ([]Use, error) {
	var uses []Use
	for _, p := range places {
		files, err := filepath.Glob(filepath.Join(p.dir, "*"+ending))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
				continue // a link to nothing, which masks a service
			}
			found, err := readInstalled(file)
			if err != nil {
				return nil, fmt.Errorf("cannot tell whether a service uses %s: %w", exe, err)
			}
			if found.Ours && sameProgram(found.Origin.Exe, exe) || !found.Ours && sameProgram(commandOf(found.Text), exe) {
				uses = append(uses, Use{
					Name: strings.TrimSuffix(filepath.Base(file), ending), Path: file, System: p.system, Ours: found.Ours, Home: found.Origin.Home,
				})
			}
		}
	}
	return uses, nil
}

// sameProgram reports whether two paths lead to the same file.
func sameProgram(one, other string) bool {
	if one == "" || other == "" {
		return false
	}
	if filepath.Clean(one) == filepath.Clean(other) {
		return true
	}
	first, err1 := os.Stat(one)
	second, err2 := os.Stat(other)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}

var (
	// unitCommand matches the program of a unit: the first word after the prefixes that systemd knows.
	unitCommand = regexp.MustCompile(`(?m)^\s*ExecStart\s*=\s*[-@:+!|]*(?:"((?:[^"\\]|\\.)+)"|'([^']+)'|(\S+))`)
	// listCommand matches the program of a property list, as launchd reads it.
	listCommand = regexp.MustCompile(`(?s)<key>(?:Program|ProgramArguments)</key>\s*(?:<array>\s*)?<string>([^<]+)</string>`)
)

// commandOfUnit returns the program that a unit of systemd starts; empty if it names none.
func commandOfUnit(text string) string {
	found := unitCommand.FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, "%%", "%").Replace(found[1] + found[2] + found[3])
}

// commandOfList returns the program that a property list starts; empty if it names none.
func commandOfList(text string) string {
	found := listCommand.FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&").Replace(found[1])
}
