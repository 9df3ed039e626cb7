package service

import (
	"fmt"
	"os"
	"path/filepath"
)

// SystemHome is the home of a service of the system, unless the owner names another one.
const SystemHome = "/usr/local/var/thetaedge"

// DefaultAccount is the account of a service of the system, unless the owner names another one.
const DefaultAccount = "_thetaedge"

// IsSystem reports whether this user installs services of the system.
func IsSystem() bool { return os.Geteuid() == 0 }

// Open returns what runs the service on this system.
func Open(name string, system bool) (Supervisor, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	l := Launchd{Name: name, Dir: "/Library/LaunchDaemons", System: system, UID: os.Getuid(), Accounts: localAccounts(), Run: Execute}
	if system {
		return l, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("cannot find the folder of a user's agents: %w", err)
	}
	l.Dir = filepath.Join(home, "Library", "LaunchAgents")
	return l, nil
}

// Uses returns the services whose command is a program: those of the machine, of this user, and of other users as far
// as this one may read them.
func Uses(exe string) ([]Use, error) {
	places := []place{{"/Library/LaunchDaemons", true}, {"/Library/LaunchAgents", true}}
	agents, err := filepath.Glob("/Users/*/Library/LaunchAgents")
	if err != nil {
		return nil, err
	}
	for _, dir := range agents {
		places = append(places, place{dir, false})
	}
	return usesIn(places, ".plist", exe, commandOfList)
}
