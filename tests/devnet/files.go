package devnet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// markerFile distinguishes a folder that a devnet has created from one that contains other
// data.
const markerFile = ".theta-devnet"

// claimFolder empties the folder of an earlier devnet, or creates a new one.
func claimFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case len(entries) > 0:
		if _, err := os.Stat(filepath.Join(dir, markerFile)); err != nil {
			return fmt.Errorf("%s is not empty and no devnet made it; choose another folder", dir)
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil { //nolint:gosec // nothing secret but the test keys
		return err
	}
	return os.WriteFile(filepath.Join(dir, markerFile), nil, 0o600)
}

// setting is a line of a TOML file.
type setting struct{ section, key, value string }

// setTOML replaces values of a TOML file that already contains the keys. Values are TOML, so
// strings include their quotes.
func setTOML(path string, settings ...setting) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(raw), "\n")
	for _, s := range settings {
		if !setLine(lines, s) {
			return fmt.Errorf("%s: expected %s in section [%s], found none", path, s.key, s.section)
		}
	}
	return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600)
}

func setLine(lines []string, s setting) bool {
	section := ""
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") {
			section = strings.Trim(trimmed, "[]")
			continue
		}
		key, _, found := strings.Cut(trimmed, "=")
		if found && section == s.section && strings.TrimSpace(key) == s.key {
			lines[i] = s.key + " = " + s.value
			return true
		}
	}
	return false
}

// object is a JSON object of a genesis file.
type object = map[string]any

// editGenesis lets edit change the app state of a genesis file. Numbers keep all their
// digits.
func editGenesis(path string, edit func(state object) error) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var genesis object
	if err := decoder.Decode(&genesis); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	state, ok := genesis["app_state"].(object)
	if !ok {
		return fmt.Errorf("%s: expected an app state, found none", path)
	}
	if err := edit(state); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	raw, err = json.MarshalIndent(genesis, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

// set changes params of a module. A name that does not exist is an error, so that a renamed
// parameter is noticed.
func set(state object, module string, params object) error {
	genesis, ok := state[module].(object)
	if !ok {
		return fmt.Errorf("expected module %s in the genesis, found none", module)
	}
	current, ok := genesis["params"].(object)
	if !ok {
		return fmt.Errorf("expected params of module %s, found none", module)
	}
	for name, value := range params {
		if _, known := current[name]; !known {
			return fmt.Errorf("expected param %s of module %s, found none", name, module)
		}
		current[name] = value
	}
	return nil
}
