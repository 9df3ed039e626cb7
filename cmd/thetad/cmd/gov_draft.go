package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/app"
)

// draftOptions is what a person says of a proposal.
type draftOptions struct {
	title, summary string
	expedited      bool
}

// proposalFile is the file that `thetad tx gov submit-proposal` reads.
type proposalFile struct {
	Messages  []json.RawMessage `json:"messages"`
	Metadata  string            `json:"metadata"`
	Deposit   string            `json:"deposit"`
	Title     string            `json:"title"`
	Summary   string            `json:"summary"`
	Expedited bool              `json:"expedited"`
}

// addGovCommands adds our commands to those of x/gov.
func addGovCommands(root *cobra.Command) error {
	gov, _, err := root.Find([]string{"tx", "gov"})
	if err != nil {
		return err
	}
	gov.AddCommand(govDraftCmd())
	return nil
}

func govDraftCmd() *cobra.Command {
	names := slices.Sorted(maps.Keys(paramsModules()))
	cmd := &cobra.Command{
		Use:   "draft MODULE",
		Short: "Write a proposal that changes a module's parameters, and explain each of them",
		Long: "Write a proposal with the current parameters of a module to a file, and print each parameter with its\n" +
			"present value, its meaning and its range. Change the file and submit it with submit-proposal. All parameters\n" +
			"stay in the file, because a proposal replaces all of them.\n\nModules: " + strings.Join(names, ", "),
		Example:   "thetad tx gov draft edgenode\nthetad tx gov draft compute --title \"Longer jobs\" --summary \"Why\" --out longer.json",
		Args:      cobra.ExactArgs(1),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			var options draftOptions
			options.title, _ = cmd.Flags().GetString("title")
			options.summary, _ = cmd.Flags().GetString("summary")
			options.expedited, _ = cmd.Flags().GetBool("expedited")
			path, _ := cmd.Flags().GetString("out")
			if path == "" {
				path = "draft-" + args[0] + ".json"
			}
			file, form, err := draftProposal(cmd.Context(), clientCtx, clientCtx.Codec, args[0], options)
			if err != nil {
				return err
			}
			if err := writeNew(path, file); err != nil {
				return err
			}
			for _, entry := range form {
				cmd.Println(entry.String())
			}
			cmd.Printf("Wrote %s. Change what is to change, and submit it:\n  thetad tx gov submit-proposal %s --from KEY\n", path, path)
			return nil
		},
	}
	cmd.Flags().String("title", "", "title of the proposal; without one, it names the module")
	cmd.Flags().String("summary", "", "what changes, and why; you can also write it in the file")
	cmd.Flags().Bool("expedited", false, "decide in the shorter voting period, which needs a higher deposit and more votes")
	cmd.Flags().String("out", "", "file to write; it must not exist (default draft-MODULE.json)")
	flags.AddQueryFlagsToCmd(cmd)
	return cmd
}

// writeNew writes content to a new file. It returns an error if there is a file with this name.
func writeNew(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a proposal is public
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("expected a new file, found %s; move it away, or name another one with --out", path)
	}
	if err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		return errors.Join(err, file.Close())
	}
	return file.Close()
}

// draftProposal returns a proposal with the present parameters of a module, and the entries of
// its form.
func draftProposal(
	ctx context.Context, node grpc.ClientConnInterface, cdc codec.Codec, module string, options draftOptions,
) ([]byte, []formEntry, error) {
	message, params, err := currentParams(ctx, node, cdc, module)
	if err != nil {
		return nil, nil, err
	}
	form, err := explainParams(module, params)
	if err != nil {
		return nil, nil, err
	}
	deposit, err := leastDeposit(ctx, node, options.expedited)
	if err != nil {
		return nil, nil, err
	}
	if options.title == "" {
		options.title = "Parameters of " + module
	}
	if options.summary == "" {
		options.summary = "Say what changes, and why."
	}
	file, err := json.MarshalIndent(proposalFile{
		Messages: []json.RawMessage{message}, Deposit: deposit.String(),
		Title: options.title, Summary: options.summary, Expedited: options.expedited,
	}, "", "  ")
	return append(file, '\n'), form, err
}

// leastDeposit returns the deposit with which voting begins at once.
func leastDeposit(ctx context.Context, node grpc.ClientConnInterface, expedited bool) (sdk.Coins, error) {
	res, err := govv1.NewQueryClient(node).Params(ctx, &govv1.QueryParamsRequest{ParamsType: "deposit"})
	if err != nil {
		return nil, fmt.Errorf("ask for the deposit: %w", err)
	}
	if res.Params == nil {
		return nil, errors.New("expected the parameters of x/gov, found none; ask another node with --node")
	}
	if expedited {
		return res.Params.ExpeditedMinDeposit, nil
	}
	return res.Params.MinDeposit, nil
}

// authority returns the account that changes parameters.
func authority() string { return app.Authority() }
