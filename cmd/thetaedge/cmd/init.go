package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/internal/private"
	"github.com/thetaedge/theta/sidecar/bid"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/owner"
)

func initCommand() *cobra.Command {
	var backend, passphraseFile, from string
	var relays, endpoints []string
	desktop := false
	settings := config.Default()
	command := &cobra.Command{
		Use:     "init",
		Short:   "Detect the hardware and create a home folder with settings and a worker key",
		Example: "thetaedge init --grpc https://node.example:443 --grpc https://second.example:443 --witness https://other.example:443 --relay https://relay.example --trust-height 1200 --trust-hash 5A3C...\nthetaedge init --from shared.toml",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			settings.Chain.GRPC, settings.Chain.Others = endpoints[0], endpoints[1:]
			if from != "" {
				if settings, err = sharedSettings(command, from, settings); err != nil {
					return err
				}
			}
			if desktop {
				settings.Owner = settings.Owner.WithDesktopRules()
			}
			settings.Keyring = config.Keyring{Backend: backend, PassphraseFile: passphraseFile}
			machine := detectAll(command.Context())
			if err := checkEndpoints(settings.Chain); err != nil {
				return err
			}
			settings.Egress.Hosts = append(hostsOf(relays), settings.Egress.Hosts...)
			worker, err := makeHome(command, home, settings)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			for _, line := range describe(machine) {
				fmt.Fprintln(out, line)
			}
			for _, line := range proposals(hardwareOf(machine), settings.Policy) {
				fmt.Fprintln(out, line)
			}
			for _, line := range rulesOf(settings.Owner, home) {
				fmt.Fprintln(out, line)
			}
			fmt.Fprintf(out, "\nhome       %[1]s\nworker     %[2]s\n\nNext: thetaedge doctor --home %[3]s\nThen: thetaedge bench --write --home %[3]s\nThen: %[4]s --home %[3]s\n",
				home, worker, client.ShellQuote(home), bid.Register)
			return nil
		},
	}
	defaults := config.Default()
	flags := command.Flags()
	of := &settings.Chain
	flags.StringArrayVar(&endpoints, "grpc", []string{defaults.Chain.GRPC}, "gRPC endpoint of a node; https://host:port for a node that is not on this machine; may be repeated, the preferred one first")
	flags.StringVar(&of.ID, "chain-id", "", "chain to work for; empty means the node's chain")
	flags.StringVar(&of.Verify, "verify", defaults.Chain.Verify, "how the node's answers are verified: proof, agreement (of the node and all witnesses) or none")
	flags.StringVar(&of.RPC, "rpc", "", "CometBFT RPC address of a node, for headers and proofs; empty means that they come over gRPC")
	flags.StringArrayVar(&of.Witnesses, "witness", defaults.Chain.Witnesses, "gRPC endpoint of another node that must show the same headers; may be repeated")
	flags.Int64Var(&of.TrustHeight, "trust-height", 0, "height of a header that you trust; 0 trusts the first header that is shown")
	flags.StringVar(&of.TrustHash, "trust-hash", "", "hash of that header, 64 hex digits, from a source other than the node")
	flags.BoolVar(&of.InsecurePlaintext, "insecure-plaintext", false, "connect without TLS to nodes that are not on this machine; only for a tunnel or your own network")
	flags.StringArrayVar(&relays, "relay", nil, "address or host of a relay that jobs may name, such as https://relay.example; may be repeated, and is added to egress.hosts")
	flags.StringVar(&backend, "keyring-backend", defaults.Keyring.Backend, "keyring backend of the worker key: test, file or os")
	flags.StringVar(&passphraseFile, "keyring-passphrase-file", "", "passphrase of the file keyring")
	flags.BoolVar(&desktop, "desktop", false, "a computer that a person uses: work ten minutes after the last use of keyboard and mouse, not while a program fills the screen, and not on the battery")
	flags.StringVar(&from, "from", "", "file with settings that several machines share; flags take precedence over it")
	return command
}

// rulesOf describes when a new node works.
func rulesOf(rules config.Owner, home string) []string {
	policy, err := rules.Rules()
	switch {
	case err != nil:
		return nil // makeHome has refused it
	case !policy.Empty():
		return []string{fmt.Sprintf("rules      %v: see [owner] in config.toml", policy.Rules())}
	case owner.HasScreen(os.Getenv):
		return []string{"rules      none: the node works also while a person uses this machine; to change that: thetaedge settings desktop --home " + client.ShellQuote(home)}
	}
	return nil
}

// hostsOf returns relays as items of egress.hosts. Each of them is an address or an item already.
func hostsOf(relays []string) []string {
	var list []string
	for _, relay := range relays {
		if u, err := url.Parse(relay); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
			relay = u.Host
		}
		list = append(list, relay)
	}
	return list
}

// sharedSettings returns the settings of a new home with those of a file, and with the flags that were
// given.
func sharedSettings(command *cobra.Command, file string, flagged config.Config) (config.Config, error) {
	shared, err := config.ReadShared(file)
	if err != nil {
		return config.Config{}, err
	}
	settings, err := shared.Over(config.Default())
	if err != nil {
		return config.Config{}, fmt.Errorf("%s: %w", file, err)
	}
	given, of := command.Flags().Changed, &flagged.Chain
	for name, take := range map[string]func(){
		"grpc":               func() { settings.Chain.GRPC, settings.Chain.Others = of.GRPC, of.Others },
		"chain-id":           func() { settings.Chain.ID = of.ID },
		"verify":             func() { settings.Chain.Verify = of.Verify },
		"rpc":                func() { settings.Chain.RPC = of.RPC },
		"witness":            func() { settings.Chain.Witnesses = of.Witnesses },
		"trust-height":       func() { settings.Chain.TrustHeight = of.TrustHeight },
		"trust-hash":         func() { settings.Chain.TrustHash = of.TrustHash },
		"insecure-plaintext": func() { settings.Chain.InsecurePlaintext = of.InsecurePlaintext },
	} {
		if given(name) {
			take()
		}
	}
	return settings, nil
}

// checkEndpoints finds endpoints that would be refused later, before a home is created.
func checkEndpoints(settings config.Chain) error {
	if settings.InsecurePlaintext {
		return nil
	}
	endpoints := append(settings.Endpoints(), settings.Witnesses...)
	if settings.RPC != "" {
		endpoints = append(endpoints, settings.RPC)
	}
	for _, endpoint := range endpoints {
		if err := chain.CheckPlaintext(endpoint); err != nil {
			return err
		}
	}
	return nil
}

// makeHome writes the settings and creates the worker key; existing files are never
// overwritten.
func makeHome(command *cobra.Command, home string, settings config.Config) (string, error) {
	if err := settings.Validate(); err != nil {
		return "", err
	}
	settingsFile := filepath.Join(home, config.FileName)
	if _, err := os.Stat(settingsFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("cannot tell whether there is a home at %s: %w", home, osfault.Explain(settingsFile, err))
	} else if err == nil {
		return "", fmt.Errorf("expected no home at %s yet, found one; keep it, or choose another --home", home)
	}
	if err := private.Folder(home); err != nil {
		return "", fmt.Errorf("cannot create the home: %w", err)
	}
	codec, err := chain.NewCodec()
	if err != nil {
		return "", err
	}
	ring, err := chain.OpenKeyring(chain.KeyringConfig{
		Dir: home, Backend: settings.Keyring.Backend, PassphraseFile: settings.Keyring.PassphraseFile, Input: command.InOrStdin(),
	}, codec)
	if err != nil {
		return "", err
	}
	worker, err := chain.CreateWorkerKey(ring)
	if err != nil {
		return "", err
	}
	// The settings are written last: a home is complete when they are there.
	return worker.String(), config.Write(home, settings)
}
