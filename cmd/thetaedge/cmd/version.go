package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/version"

	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/executor/wasm"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of this program and of its executor",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(command.OutOrStdout(), "thetaedge %s\n%s on %s\n%s %s/%s\n",
				buildVersion(), strings.Join(profiles.Names(), ", "), wasm.Engine, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// buildVersion is the version that the linker was given, or else the one that Go recorded.
func buildVersion() string {
	if version.Version != "" {
		return version.Version
	}
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		return build.Main.Version
	}
	return "unknown"
}
