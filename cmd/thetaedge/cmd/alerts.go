package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/thetaedge/theta/sidecar/alert"
)

func alertsCommand() *cobra.Command {
	output := outputText
	command := &cobra.Command{
		Use:   "alerts",
		Short: "Show what needed attention, and whether alerts arrive",
		Long: `alerts lists what holds now, the last alerts, and how each target of alerts.targets is. It
shows no secrets. It reads the file that the daemon keeps, and works while no daemon runs.`,
		Example: "thetaedge alerts --output json",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			n, err := openSettings(command)
			if err != nil {
				return err
			}
			targets, err := n.config.Alerts.Parse()
			if err != nil {
				return fmt.Errorf("alerts.targets: %w", err)
			}
			view, err := alert.Read(n.home, targets)
			if err != nil {
				return err
			}
			if output == outputJSON {
				encoder := json.NewEncoder(command.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(view)
			}
			return printAlerts(command.OutOrStdout(), view)
		},
	}
	command.Flags().StringVar(&output, "output", outputText, "text or json")
	command.AddCommand(alertsTestCommand())
	return command
}

func alertsTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test",
		Short: "Send a test to each target of alerts.targets",
		Long: `test sends a message to each target, and says for each whether it was accepted. It fails if
one of them was not. No daemon needs to run.`,
		Example: "thetaedge alerts test",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			n, err := openSettings(command)
			if err != nil {
				return err
			}
			targets, err := n.config.Alerts.Parse()
			if err != nil {
				return fmt.Errorf("alerts.targets: %w", err)
			}
			if len(targets) == 0 {
				return errors.New("expected an address in alerts.targets of config.toml, found none; docs/operators/alerts.md explains them")
			}
			name := n.config.Alerts.Name
			if name == "" {
				name = defaultMoniker
			}
			var failed error
			for _, target := range targets {
				err := target.Send(command.Context(), alert.Message{
					State: alert.Trial, Node: name, Title: "This is a test", Text: "Alerts of this node arrive here.",
				})
				if err != nil {
					failed = errors.New("not all targets have accepted the test")
					fmt.Fprintf(command.OutOrStdout(), "FAILED    %v\n", err)
					continue
				}
				fmt.Fprintf(command.OutOrStdout(), "accepted  %s\n", target.Name)
			}
			return failed
		},
	}
}

// printAlerts prints a view for people.
func printAlerts(out io.Writer, v alert.View) error {
	moment := func(at time.Time) string { return at.Local().Format(time.DateTime) }
	if len(v.Open) == 0 {
		fmt.Fprintln(out, "Nothing needs attention.")
	}
	for _, c := range v.Open {
		fmt.Fprintf(out, "%s, since %s: %s\n", oneLine(c.Title), moment(c.Since), oneLine(c.Text))
		if c.Cure != "" {
			fmt.Fprintf(out, "  to do: %s\n", oneLine(c.Cure))
		}
	}
	if len(v.Targets) == 0 {
		fmt.Fprintln(out, "\nThere is no target: set alerts.targets in config.toml to be told.")
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w)
	for _, t := range v.Targets {
		state := "was not sent anything yet"
		switch {
		case t.Error != "":
			state = "refused at " + moment(t.Refused) + ": " + oneLine(t.Error)
		case !t.Accepted.IsZero():
			state = "accepted the last one at " + moment(t.Accepted)
		}
		fmt.Fprintf(w, "target\t%s\t%s\n", t.Name, state)
	}
	for _, r := range v.Recent {
		fmt.Fprintf(w, "%s\t%s\t%s\n", moment(r.At), r.Kind, oneLine(r.Title))
	}
	if v.Waiting > 0 {
		fmt.Fprintf(w, "waiting\t%d\tnot sent to all targets yet\n", v.Waiting)
	}
	return w.Flush()
}
