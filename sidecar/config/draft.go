package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/viper"
)

// ErrChanged means that the file of the settings is not the one from which a draft was made.
var ErrChanged = errors.New("the settings file was changed in the meantime; look at it again")

// Draft contains the settings of a home folder as a file, with changes that are not written yet.
type Draft struct {
	// Old and New are the settings without the changes and with them.
	Old, New Config

	path         string
	before, text []byte
}

// Values returns the settings that a home folder's file and the defaults give, as text by key. An
// item of a list is a line.
func Values(home string) (map[string]string, error) {
	_, values, err := readValues(filepath.Join(home, FileName))
	return values, err
}

// readValues returns the text of a settings file and the values in it.
func readValues(path string) ([]byte, map[string]string, error) {
	raw, err := readText(path)
	if err != nil {
		return nil, nil, err
	}
	v, err := withDefaults()
	if err != nil {
		return nil, nil, err
	}
	if err := mergeText(v, path, raw, v.AllKeys()); err != nil {
		return nil, nil, err
	}
	values := map[string]string{}
	for _, key := range v.AllKeys() {
		values[key] = textOf(v, key)
	}
	return raw, values, nil
}

// textOf returns a value as a person types it.
func textOf(v *viper.Viper, key string) string {
	if list, is := v.Get(key).([]any); is {
		lines := make([]string, len(list))
		for i, item := range list {
			lines[i] = fmt.Sprint(item)
		}
		return strings.Join(lines, "\n")
	}
	return fmt.Sprint(v.Get(key))
}

// NewDraft returns the settings of a home folder with other values, which are texts by key as in
// Values. It fails if a key is unknown, or if the daemon could not start with the settings in the
// environment environ. Values that are those of the file change nothing.
func NewDraft(home string, environ []string, values map[string]string) (Draft, error) {
	d := Draft{path: filepath.Join(home, FileName)}
	raw, now, err := readValues(d.path)
	if err != nil {
		return Draft{}, err
	}
	d.before, d.text = raw, raw
	for _, key := range slices.Sorted(maps.Keys(values)) {
		old, known := now[key]
		if !known {
			return Draft{}, fmt.Errorf("expected a setting, found %q", key)
		}
		text := strings.TrimSpace(strings.ReplaceAll(values[key], "\r\n", "\n"))
		if text == old {
			continue
		}
		value, err := toTOML(kindOf(key), text)
		if err != nil && Secret(key) {
			return Draft{}, fmt.Errorf("%s: expected text without control characters, found some", key)
		}
		if err != nil {
			return Draft{}, fmt.Errorf("%s: %w", key, err)
		}
		section, name, _ := strings.Cut(key, ".")
		d.text = replace(d.text, section, name, value)
		if err := holds(d.text, section, name, value); err != nil {
			if Secret(key) {
				value = "[...]"
			}
			return Draft{}, fmt.Errorf("%s: cannot change it in %s: %w; write in its section [%s]: %s = %s", key, d.path, err, section, name, value)
		}
	}
	if d.Old, err = parse(home, raw, nil, environ); err != nil {
		return Draft{}, err
	}
	d.New, err = parse(home, d.text, nil, environ)
	return d, err
}

// Changes reports whether the draft differs from the file.
func (d Draft) Changes() bool { return !bytes.Equal(d.before, d.text) }

// Base names the text of the file from which the draft was made.
func (d Draft) Base() string {
	sum := sha256.Sum256(d.before)
	return hex.EncodeToString(sum[:])
}

// Write replaces the file with the draft; the comments stay. It fails with ErrChanged if the file
// is not the one from which the draft was made.
func (d Draft) Write() error {
	return locked(d.path, func() error {
		found, err := readText(d.path)
		if err != nil {
			return err
		}
		if !bytes.Equal(found, d.before) {
			return fmt.Errorf("%w: %s", ErrChanged, d.path)
		}
		return overwrite(d.path, d.text)
	})
}

// kindOf returns the kind of the field of Config that holds a setting. It returns reflect.String
// for settings that are texts in the file, such as sizes and durations.
func kindOf(key string) reflect.Kind {
	section, name, _ := strings.Cut(key, ".")
	fields := reflect.TypeFor[Config]()
	for _, tag := range []string{section, name} {
		var found reflect.Type
		for i := range fields.NumField() {
			if fields.Field(i).Tag.Get("mapstructure") == tag {
				found = fields.Field(i).Type
			}
		}
		if found == nil {
			return reflect.String
		}
		fields = found
	}
	if fields == reflect.TypeFor[Bytes]() || fields == reflect.TypeFor[time.Duration]() {
		return reflect.String
	}
	return fields.Kind()
}

// numberShape matches a decimal number without an exponent.
var numberShape = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?$`)

// toTOML returns a text as a value of TOML of a kind.
func toTOML(kind reflect.Kind, text string) (string, error) {
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' {
			return "", fmt.Errorf("expected text without control characters, found %q", text)
		}
	}
	switch kind {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return "", fmt.Errorf("expected true or false, found %q", text)
		}
		return text, nil
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		if !wholeNumber.MatchString(text) {
			return "", fmt.Errorf("expected a whole number in decimal digits without leading zeros, found %q", text)
		}
		return text, nil
	case reflect.Float64:
		if !numberShape.MatchString(text) {
			return "", fmt.Errorf("expected a number such as 1.5, found %q", text)
		}
		return text, nil
	case reflect.Slice:
		items := []string{}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				items = append(items, line)
			}
		}
		return quoteList(items), nil
	default:
	}
	if strings.Contains(text, "\n") {
		return "", fmt.Errorf("expected one line, found %q", text)
	}
	return strconv.Quote(text), nil
}
