package cmd

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/client"
	clientconfig "github.com/cosmos/cosmos-sdk/client/config"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
)

// newConfigCmd returns the commands that read and change a node's config files.
func newConfigCmd() *cobra.Command {
	const files = "FILE is app (app.toml), config (config.toml) or client (client.toml)."
	home := &cobra.Command{
		Use:   "home",
		Short: "Print the home folder",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.Println(client.GetClientContextFromCmd(cmd).HomeDir)
			return nil
		},
	}
	view := &cobra.Command{
		Use:   "view FILE",
		Short: "Print a config file",
		Long:  "Print a config file. " + files,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, _, err := readSettings(cmd, args[0])
			cmd.Print(text)
			return err
		},
	}
	get := &cobra.Command{
		Use:     "get FILE KEY",
		Short:   "Print a value of a config file",
		Long:    "Print a value of a config file. " + files,
		Example: "thetad config get app api.enable",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, path, err := readSettings(cmd, args[0])
			if err != nil {
				return err
			}
			value, err := lookUpSetting(text, args[1])
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			cmd.Println(value)
			return nil
		},
	}
	set := &cobra.Command{
		Use:     "set FILE KEY VALUE",
		Short:   "Change a value of a config file",
		Long:    "Change a value of a config file and keep its comments. " + files,
		Example: "thetad config set config consensus.timeout_commit 500ms",
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, path, err := readSettings(cmd, args[0])
			if err != nil {
				return err
			}
			if text, err = changeSetting(text, args[1], args[2]); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := checkSettings(args[0], text); err != nil {
				return fmt.Errorf("%s is left as it was: %w", path, err)
			}
			return os.WriteFile(path, []byte(text), 0o600)
		},
	}
	return group("config", "Read and change the config files", nil, home, view, get, set)
}

func readSettings(cmd *cobra.Command, file string) (text, path string, err error) {
	switch file {
	case "app", "config", "client":
	default:
		return "", "", fmt.Errorf("expected app, config or client, found %q", file)
	}
	path = filepath.Join(client.GetClientContextFromCmd(cmd).HomeDir, "config", file+".toml")
	raw, err := os.ReadFile(path)
	return string(raw), path, err
}

func parseSettings(text string) (*viper.Viper, error) {
	v := viper.New()
	v.SetConfigType("toml")
	return v, v.ReadConfig(bytes.NewBufferString(text))
}

func lookUpSetting(text, key string) (string, error) {
	v, err := parseSettings(text)
	if err != nil {
		return "", err
	}
	if !v.IsSet(key) {
		return "", fmt.Errorf("expected a key of the file, found %q; list the keys with: thetad config view", key)
	}
	return v.GetString(key), nil
}

// changeSetting returns text with the value of key replaced on its line. A key in a section
// is written as section.key. A string keeps its quotes.
func changeSetting(text, key, value string) (string, error) {
	section, name := "", key
	if i := strings.LastIndex(key, "."); i >= 0 {
		section, name = key[:i], key[i+1:]
	}
	current := ""
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") && strings.HasSuffix(trimmed, "]") && !strings.Contains(trimmed, "\"") {
			current = strings.Trim(trimmed, "[]")
			continue
		}
		left, right, found := strings.Cut(trimmed, "=")
		if !found || current != section || strings.TrimSpace(left) != name {
			continue
		}
		old := strings.TrimSpace(right)
		if old == "[" {
			return "", fmt.Errorf("expected the value of %q on one line, found several lines; edit the file", key)
		}
		if strings.HasPrefix(old, "\"") {
			value = strconv.Quote(value)
		}
		lines[i] = name + " = " + value
		return strings.Join(lines, "\n"), nil
	}
	return "", fmt.Errorf("expected a key of the file, found %q; list the keys with: thetad config view", key)
}

// checkSettings refuses a file that the node or the client would refuse.
func checkSettings(file, text string) error {
	v, err := parseSettings(text)
	if err != nil {
		return err
	}
	switch file {
	case "app":
		config, err := serverconfig.GetConfig(v)
		if err != nil {
			return err
		}
		if _, err := watchdogSettings(v); err != nil {
			return err
		}
		return config.ValidateBasic()
	case "config":
		config := cmtcfg.DefaultConfig()
		if err := v.Unmarshal(config); err != nil {
			return err
		}
		return config.ValidateBasic()
	default:
		return v.Unmarshal(clientconfig.DefaultConfig())
	}
}
