package cmd

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

// exportPage is the number of assignments that the daemon is asked for at once: the most
// that it gives.
const exportPage = 500

func exportCommand() *cobra.Command {
	req := &sidecarv1.JobsRequest{PageSize: exportPage}
	command := &cobra.Command{
		Use:   "export",
		Short: "Write all assignments of the running node as JSON lines, newest first",
		Long: `Write one JSON object per line for each assignment in the node's journal, for scripts
and spreadsheets. Amounts are in base units (atfuel), energy is in millijoules, and
updated_at is in UTC. Assignments that change while the command runs may appear twice.`,
		Example: "thetaedge export --phase settled > assignments.jsonl",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return writeLines(command.OutOrStdout(), func(token string) (*sidecarv1.JobsResponse, error) {
				var res *sidecarv1.JobsResponse
				err := withDaemon(command, func(ctx context.Context, client sidecarv1.SidecarServiceClient) (err error) {
					req.PageToken = token
					res, err = client.Jobs(ctx, req)
					return err
				})
				return res, err
			})
		},
	}
	command.Flags().StringVar(&req.Phase, "phase", "", "only assignments in this phase, such as settled")
	return command
}

// writeLines writes the assignments of all pages, one JSON object per line.
func writeLines(out io.Writer, page func(token string) (*sidecarv1.JobsResponse, error)) error {
	encoding := protojson.MarshalOptions{EmitUnpopulated: true, UseProtoNames: true}
	for token := ""; ; {
		res, err := page(token)
		if err != nil {
			return err
		}
		for _, assignment := range res.Assignments {
			line, err := encoding.Marshal(assignment)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(out, string(line)); err != nil {
				return err
			}
		}
		if res.NextPageToken == "" {
			return nil
		}
		if res.NextPageToken == token {
			return fmt.Errorf("the daemon gave page %q twice; expected a page that follows it", token)
		}
		token = res.NextPageToken
	}
}
