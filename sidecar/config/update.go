package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/thetaedge/theta/sidecar/release"
	"github.com/thetaedge/theta/sidecar/update"
)

// Update says how the program is kept up to date.
type Update struct {
	// Enabled lets the daemon install newer releases by itself.
	Enabled bool `mapstructure:"enabled"`
	// URL is where the releases are.
	URL string `mapstructure:"url"`
	// Key contains public keys of minisign. If it is empty, the keys count that the program was built with.
	Key []string `mapstructure:"key"`
	// Channel is the list of releases.
	Channel string `mapstructure:"channel"`
	// Hours is the time between two looks for a newer release.
	Hours uint32 `mapstructure:"hours"`
}

// mostHours is the longest time between two looks, in hours.
const mostHours = 24 * 30

// Every returns the time between two looks.
func (u Update) Every() time.Duration { return time.Duration(u.Hours) * time.Hour }

// Keys returns the keys that may sign releases. There may be none.
func (u Update) Keys() (release.Keys, error) {
	if len(u.Key) == 0 {
		return release.ShippedKeys()
	}
	return release.ParseKeys(u.Key...)
}

// validate reports settings with which no update could be found or trusted.
func (u Update) validate() error {
	var errs []error
	keys, err := u.Keys()
	if err != nil {
		errs = append(errs, fmt.Errorf("update.key: %w", err))
	}
	if err == nil && u.Enabled && len(keys) == 0 {
		errs = append(errs, fmt.Errorf("update.key: %w", release.ErrNoKey))
	}
	if u.URL != "" {
		if err := update.CheckAddress(u.URL); err != nil {
			errs = append(errs, fmt.Errorf("update.url: %w", err))
		}
	} else if u.Enabled {
		errs = append(errs, errors.New("update.url: expected the address of the releases, because update.enabled is true, found none"))
	}
	if err := release.CheckChannel(u.Channel); err != nil {
		errs = append(errs, fmt.Errorf("update.channel: %w", err))
	}
	if u.Hours < 1 || u.Hours > mostHours {
		errs = append(errs, fmt.Errorf("update.hours: expected 1 to %d, found %d", mostHours, u.Hours))
	}
	return errors.Join(errs...)
}

// UpdateKeys returns the keys that Load would return for a home, whatever else is in its settings file: a
// newer program may have settings that this one does not know. flags may be nil; environ is os.Environ().
func UpdateKeys(home string, flags *pflag.FlagSet, environ []string) (release.Keys, error) {
	const key = "update.key"
	path := filepath.Join(home, FileName)
	raw, err := readText(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot read %s in %s: %w", key, path, err)
	}
	file := viper.New()
	file.SetConfigType("toml")
	if err := file.ReadConfig(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("cannot read %s in %s: %w", key, path, err)
	}
	for _, entry := range environ {
		if name, value, found := strings.Cut(entry, "="); found && name == envName(key) {
			file.Set(key, value)
		}
	}
	if flags != nil {
		if flag := flags.Lookup(key); flag != nil && flag.Changed {
			file.Set(key, flag.Value.String())
		}
	}
	var keys []string
	if err := file.UnmarshalKey(key, &keys, viper.DecodeHook(splitList)); err != nil {
		return nil, fmt.Errorf("cannot read %s in %s: %w", key, path, err)
	}
	return Update{Key: keys}.Keys()
}
