package cmd

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/internal/osfault"
	"github.com/thetaedge/theta/internal/private"
	"github.com/thetaedge/theta/sidecar/web"
)

// openFile is the file that sends a browser to the dashboard.
const openFile = "dashboard.html"

func dashboardCommand() *cobra.Command {
	open := false
	command := &cobra.Command{
		Use:   "dashboard",
		Short: "Print the address at which a browser on this machine shows the running node",
		Long: `dashboard prints an address for a browser on this machine. It contains a token that works
once, within five minutes. After that, the browser is admitted for 30 days, or until you sign out.

The pages show what the node does and has earned, and the log; they change settings, and pause and
resume the node. The daemon serves them on loopback only. To see them on another machine, use a
tunnel, such as ssh -L 9772:127.0.0.1:9772.`,
		Example: "thetaedge dashboard --open",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			home, err := homeOf(command)
			if err != nil {
				return err
			}
			address, err := dashboardAddress(home, time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), address)
			if !open {
				return nil
			}
			return openBrowser(command.Context(), home, address)
		},
	}
	command.Flags().BoolVar(&open, "open", false, "also open the address in the browser of this user")
	return command
}

// dashboardAddress returns an address that opens the dashboard of a home once.
func dashboardAddress(home string, now time.Time) (string, error) {
	running, err := runningDaemon(home)
	if err != nil {
		return "", err
	}
	switch {
	case !running.alive():
		return "", fmt.Errorf("expected a running daemon with home %s, found one that ended; run thetaedge start --home %s", home, client.ShellQuote(home))
	case running.Dashboard == "":
		return "", fmt.Errorf("expected a daemon with a dashboard, found one without; set dashboard.listen in %s, and see the log of thetaedge start", filepath.Join(home, "config.toml"))
	}
	key, err := web.ReadKey(home)
	if err != nil {
		return "", err
	}
	token, err := key.Token(now)
	if err != nil {
		return "", err
	}
	return "http://" + running.Dashboard + "/open?token=" + token, nil
}

// openBrowser opens an address in the user's browser. Other users of the machine see the arguments of processes,
// so that the address is in a file that only this user can read.
func openBrowser(ctx context.Context, home, address string) error {
	path := filepath.Join(home, openFile)
	page := fmt.Sprintf("<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url=%[1]s\"><a href=\"%[1]s\">dashboard</a>\n", html.EscapeString(address))
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot write %s: %w", path, osfault.Explain(path, err))
	}
	err := os.WriteFile(path, nil, 0o600)
	if err == nil {
		err = private.File(path)
	}
	if err == nil {
		err = os.WriteFile(path, []byte(page), 0o600)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, osfault.Explain(path, err))
	}
	program, arguments := "xdg-open", []string{path}
	switch runtime.GOOS {
	case "windows":
		program, arguments = "rundll32", []string{"url.dll,FileProtocolHandler", path}
	case "darwin":
		program = "open"
	}
	if err := exec.CommandContext(ctx, program, arguments...).Run(); err != nil { //nolint:gosec // the program is one of three
		return fmt.Errorf("cannot open a browser with %s: %w; open the address above yourself", program, err)
	}
	return nil
}
