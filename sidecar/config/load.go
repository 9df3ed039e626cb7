package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// Keys returns the name of every setting as "section.name", in order.
func Keys() ([]string, error) {
	v, err := withDefaults()
	if err != nil {
		return nil, err
	}
	keys := v.AllKeys()
	slices.Sort(keys)
	return keys, nil
}

// withDefaults reads the defaults from the template. Therefore the file that init writes and
// the settings without a file cannot differ.
func withDefaults() (*viper.Viper, error) {
	text, err := Render(Default())
	if err != nil {
		return nil, err
	}
	v := viper.New()
	v.SetConfigType("toml")
	if err := v.ReadConfig(bytes.NewReader(text)); err != nil {
		return nil, fmt.Errorf("cannot read the default settings: %w", err)
	}
	defaults := viper.New()
	for _, key := range v.AllKeys() {
		defaults.SetDefault(key, v.Get(key))
	}
	return defaults, nil
}

// AddFlags defines a flag for every setting. The flag has the name of the setting's key.
func AddFlags(flags *pflag.FlagSet) error {
	defaults, err := withDefaults()
	if err != nil {
		return err
	}
	keys := defaults.AllKeys()
	slices.Sort(keys)
	for _, key := range keys {
		flags.String(key, "", fmt.Sprintf("setting %s, default %v", key, defaults.Get(key)))
	}
	return nil
}

// Load reads the settings of a home folder. flags may be nil; environ is os.Environ(). A home
// folder without config.toml has the default settings. Load refuses unknown keys from every
// source.
func Load(home string, flags *pflag.FlagSet, environ []string) (Config, error) {
	path := filepath.Join(home, FileName)
	raw, err := readText(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Config{}, err
	}
	return parse(home, raw, flags, environ)
}

// parse reads the settings of a home folder whose file has this text.
func parse(home string, raw []byte, flags *pflag.FlagSet, environ []string) (Config, error) {
	v, err := withDefaults()
	if err != nil {
		return Config{}, err
	}
	known := v.AllKeys()
	slices.Sort(known)
	if err := mergeText(v, filepath.Join(home, FileName), raw, known); err != nil {
		return Config{}, err
	}
	if err := mergeEnv(v, environ, known); err != nil {
		return Config{}, err
	}
	for _, key := range known {
		if flags == nil {
			break
		}
		if flag := flags.Lookup(key); flag != nil && flag.Changed {
			v.Set(key, flag.Value.String())
		}
	}
	var c Config
	decode := viper.DecodeHook(mapstructure.ComposeDecodeHookFunc(
		mapstructure.TextUnmarshallerHookFunc(),
		mapstructure.StringToTimeDurationHookFunc(),
		decimal,
		splitList,
	))
	if err := v.UnmarshalExact(&c, decode); err != nil {
		return Config{}, fmt.Errorf("settings: %w", err)
	}
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("settings of %s do not work:\n%w", home, err)
	}
	return c, nil
}

// keysIn returns the keys in the text of a file, in order.
func keysIn(path string, raw []byte) ([]string, error) {
	file := viper.New()
	file.SetConfigType("toml")
	if err := file.ReadConfig(bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("%s is no valid TOML: %w", path, err)
	}
	keys := file.AllKeys()
	slices.Sort(keys)
	return keys, nil
}

// mergeText gives settings the values that the text of a file has for them.
func mergeText(v *viper.Viper, path string, raw []byte, known []string) error {
	file := viper.New()
	file.SetConfigType("toml")
	if err := file.ReadConfig(bytes.NewReader(raw)); err != nil {
		return fmt.Errorf("%s is no valid TOML: %w%s", path, err, hintOf(raw))
	}
	for _, key := range file.AllKeys() {
		if !slices.Contains(known, key) {
			return fmt.Errorf("%s: unknown setting %q; the settings are %s", path, key, strings.Join(known, ", "))
		}
		v.SetDefault(key, file.Get(key))
	}
	return nil
}

// envName returns the environment variable for a key: THETAEDGE_CHAIN_GRPC for chain.grpc.
func envName(key string) string {
	return EnvPrefix + "_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}

func mergeEnv(v *viper.Viper, environ, known []string) error {
	names := make(map[string]string, len(known))
	for _, key := range known {
		names[envName(key)] = key
	}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, EnvPrefix+"_") || name == EnvPrefix+"_HOME" || name == EnvReleases {
			continue
		}
		key, ok := names[name]
		if !ok {
			return fmt.Errorf("unknown environment variable %s; a setting such as chain.grpc is %s", name, envName("chain.grpc"))
		}
		v.Set(key, value)
	}
	return nil
}
