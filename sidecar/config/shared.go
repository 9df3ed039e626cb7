package config

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// maxShared bounds a file with shared settings, in bytes.
const maxShared = 1 << 20

// OfOneMachine returns the settings that a file for several machines must not contain: a wrong one would
// let a machine work for the node of another, or leave it without its key.
func OfOneMachine() []string {
	return []string{"chain.operator", "keyring.backend", "keyring.passphrase-file"}
}

// Secret reports whether the value of a setting must not be shown.
func Secret(key string) bool { return key == "alerts.targets" }

// Shared contains settings for several machines, as texts by key, as in Values.
type Shared map[string]string

// ReadShared returns the settings of a file in the form of config.toml. It refuses settings that it does
// not know, and those of one machine.
func ReadShared(path string) (Shared, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxShared {
		return nil, fmt.Errorf("%s: expected settings of at most %d bytes, found %d", path, maxShared, info.Size())
	}
	raw, err := readText(path)
	if err != nil {
		return nil, err
	}
	v, err := withDefaults()
	if err != nil {
		return nil, err
	}
	given, err := keysIn(path, raw)
	if err != nil {
		return nil, err
	}
	if err := mergeText(v, path, raw, v.AllKeys()); err != nil {
		return nil, err
	}
	shared := Shared{}
	for _, key := range given {
		if slices.Contains(OfOneMachine(), key) {
			return nil, fmt.Errorf("%s: expected settings for several machines, found %s, which belongs to one; remove it, and set it in the config.toml of the machine", path, key)
		}
		shared[key] = textOf(v, key)
	}
	if len(shared) == 0 {
		return nil, fmt.Errorf("%s: expected settings such as those of config.toml, found none", path)
	}
	return shared, nil
}

// Over returns settings with the shared ones in place of those that they replace.
func (s Shared) Over(c Config) (Config, error) {
	text, err := Render(c)
	if err != nil {
		return Config{}, err
	}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		value, err := toTOML(kindOf(key), strings.TrimSpace(s[key]))
		if err != nil {
			return Config{}, fmt.Errorf("%s: %w", key, err)
		}
		section, name, _ := strings.Cut(key, ".")
		text = replace(text, section, name, value)
	}
	return parse("a new home", text, nil, nil)
}

// Export returns the settings of a home folder that differ from the defaults, in the form of
// config.toml, without those of one machine and without secrets.
func Export(home string) ([]byte, error) {
	values, err := Values(home)
	if err != nil {
		return nil, err
	}
	defaults, err := withDefaults()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	section := ""
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] == textOf(defaults, key) || slices.Contains(OfOneMachine(), key) || Secret(key) {
			continue
		}
		value, err := toTOML(kindOf(key), values[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		in, name, _ := strings.Cut(key, ".")
		if in != section {
			fmt.Fprintf(&out, "\n[%s]\n", in)
			section = in
		}
		fmt.Fprintf(&out, "%s = %s\n", name, value)
	}
	return bytes.TrimPrefix(out.Bytes(), []byte("\n")), nil
}
