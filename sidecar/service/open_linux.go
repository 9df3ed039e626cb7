package service

import (
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
)

// SystemHome is the home of a service of the system, unless the owner names another one.
const SystemHome = "/var/lib/thetaedge"

// DefaultAccount is the account of a service of the system, unless the owner names another one.
const DefaultAccount = "thetaedge"

// IsSystem reports whether this user installs services of the system.
func IsSystem() bool { return os.Geteuid() == 0 }

// Open returns what runs the service on this system.
func Open(name string, system bool) (Supervisor, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	s := Systemd{Name: name, Dir: "/etc/systemd/system", System: system, Accounts: localAccounts(), Run: Execute}
	if system {
		return s, nil
	}
	settings, err := os.UserConfigDir()
	if err != nil {
		return nil, fmt.Errorf("cannot find the folder of a user's units: %w", err)
	}
	s.Dir, s.User = filepath.Join(settings, "systemd", "user"), os.Getenv("USER")
	if me, err := user.Current(); err == nil {
		s.User = me.Username
	}
	return s, nil
}

// Uses returns the services whose command is a program: those of the machine, of this user, and of other users as far
// as this one may read them.
func Uses(exe string) ([]Use, error) {
	places := []place{
		{"/etc/systemd/system", true}, {"/usr/local/lib/systemd/system", true}, {"/usr/lib/systemd/system", true}, {"/etc/systemd/user", true},
	}
	folders := map[string]bool{}
	if settings, err := os.UserConfigDir(); err == nil {
		folders[filepath.Join(settings, "systemd", "user")] = true
	}
	others, err := filepath.Glob("/home/*/.config/systemd/user")
	if err != nil {
		return nil, err
	}
	for _, dir := range append(others, "/root/.config/systemd/user") {
		folders[dir] = true
	}
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		places = append(places, place{dir, false})
	}
	return usesIn(places, ".service", exe, commandOfUnit)
}
