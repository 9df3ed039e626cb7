package cmd

import (
	"github.com/cosmos/gogoproto/proto"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"cosmossdk.io/client/v2/autocli"
	"cosmossdk.io/client/v2/autocli/flag"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
)

// messageTypes finds the types of messages within messages. The SDK's own resolver does not know those of
// this chain's modules, so a command could not read the messages of a proposal.
type messageTypes struct{ *dynamicpb.Types }

// FindMessageByName returns the type that the program has, or else one made from the schema.
func (t messageTypes) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if found, err := protoregistry.GlobalTypes.FindMessageByName(name); err == nil {
		return found, nil
	}
	return t.Types.FindMessageByName(name)
}

// FindMessageByURL returns the type that the program has, or else one made from the schema.
func (t messageTypes) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	if found, err := protoregistry.GlobalTypes.FindMessageByURL(url); err == nil {
		return found, nil
	}
	return t.Types.FindMessageByURL(url)
}

// addAutoCommands adds the commands that the modules' options describe, as the SDK does it, with these
// types.
func addAutoCommands(root *cobra.Command, options autocli.AppOptions) error {
	files, err := proto.MergedRegistry()
	if err != nil {
		return err
	}
	return options.EnhanceRootCommandWithBuilder(root, &autocli.Builder{
		Builder: flag.Builder{
			TypeResolver: messageTypes{dynamicpb.NewTypes(files)}, FileResolver: files,
			AddressCodec: options.AddressCodec, ValidatorAddressCodec: options.ValidatorAddressCodec,
			ConsensusAddressCodec: options.ConsensusAddressCodec,
		},
		GetClientConn: func(cmd *cobra.Command) (grpc.ClientConnInterface, error) { return client.GetClientQueryContext(cmd) },
		AddQueryConnFlags: func(cmd *cobra.Command) {
			flags.AddQueryFlagsToCmd(cmd)
			flags.AddKeyringFlags(cmd.Flags())
		},
		AddTxConnFlags: flags.AddTxFlagsToCmd,
	})
}
