package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/viper"

	"github.com/thetaedge/theta/internal/osfault"
)

// SetRates writes the rates of profiles into the settings of a home folder as
// policy.fuel-per-block. The rest of the file does not change.
func SetRates(home string, rates map[string]uint64) error {
	return edit(home, "policy", "fuel-per-block", quoteList(RateList(rates)))
}

// edit writes a value in the form of TOML into the settings of a home folder. The rest of the file
// and its comments do not change. If the key cannot be found as TOML allows it to be written, the
// file stays as it is, and the error says so.
func edit(home, section, key, value string) error {
	path := filepath.Join(home, FileName)
	return locked(path, func() error {
		text, err := readText(path)
		if err != nil {
			return err
		}
		text = replace(text, section, key, value)
		if err := holds(text, section, key, value); err != nil {
			return fmt.Errorf("cannot change %s: %w; write in its section [%s]: %s = %s", path, err, section, key, value)
		}
		return overwrite(path, text)
	})
}

// locked calls do while no other process changes the settings, so that none of two changes is lost. A link to the file
// has the lock of the file.
func locked(path string, do func() error) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("cannot write the settings: %w", osfault.Explain(path, err))
	}
	return osfault.Locked(target+".lock", do)
}

// overwrite replaces the file of the settings as a whole: after a crash, a full disk or a power failure
// it has either the old content or the new one. A link to the file stays a link. Each call uses its own temporary file, so
// that two of them cannot mix their contents.
func overwrite(path string, text []byte) error {
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		err = replaceFile(target, text)
	}
	if err != nil {
		return fmt.Errorf("cannot write the settings: %w", osfault.Explain(path, err))
	}
	return nil
}

func replaceFile(path string, text []byte) error {
	written, err := os.CreateTemp(filepath.Dir(path), FileName+".*.new") // 0600
	if err != nil {
		return err
	}
	_, err = written.Write(text)
	if err = errors.Join(err, written.Sync(), written.Close()); err == nil {
		err = osfault.Replace(written.Name(), path)
	}
	if err != nil {
		return errors.Join(err, remove(written.Name()))
	}
	return nil
}

// replace returns a text of TOML with another value of a key, which it adds if there is none.
func replace(text []byte, section, key, value string) []byte {
	line := []byte(key + " = " + value)
	header := regexp.MustCompile(`(?m)^[ \t]*\[[ \t]*` + regexp.QuoteMeta(section) + `[ \t]*\][ \t]*(#.*)?\r?$`).FindIndex(text)
	if header == nil {
		return append(bytes.Clone(text), "\n["+section+"]\n"+string(line)+"\n"...)
	}
	end := len(text)
	if next := regexp.MustCompile(`(?m)^[ \t]*\[`).FindIndex(text[header[1]:]); next != nil {
		end = header[1] + next[0]
	}
	// A value is a list, which may span lines and contain texts and comments with brackets, a text, or anything
	// else up to a comment.
	const list = `\[(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[^\]"'#])*\]`
	old := regexp.MustCompile(`(?m)^[ \t]*` + regexp.QuoteMeta(key) + `[ \t]*=[ \t]*(` + list + `|"(?:[^"\\\n]|\\.)*"|[^#\r\n \t]*)`).FindIndex(text[header[1]:end])
	from, to := header[1], header[1]
	if old == nil {
		line = append([]byte("\n"), line...)
	} else {
		from, to = header[1]+old[0], header[1]+old[1]
	}
	return bytes.Join([][]byte{text[:from], line, text[to:]}, nil)
}

// holds returns an error unless a text of TOML gives a key a value.
func holds(text []byte, section, key, value string) error {
	read := func(text []byte) (string, error) {
		v := viper.New()
		v.SetConfigType("toml")
		err := v.ReadConfig(bytes.NewReader(text))
		return fmt.Sprint(v.Get(section + "." + key)), err
	}
	want, err := read([]byte("[" + section + "]\n" + key + " = " + value + "\n"))
	if err != nil {
		return err
	}
	found, err := read(text)
	if err == nil && found != want {
		err = errors.New("it is written in a form that is not recognized")
	}
	return err
}

// remove deletes a file. It is not an error if the file does not exist.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
