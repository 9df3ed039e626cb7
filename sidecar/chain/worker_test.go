package chain

import (
	"slices"
	"strings"
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	protov2 "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	msgv1 "cosmossdk.io/api/cosmos/msg/v1"
)

// TestTheGrantPaysForExactlyTheMessagesThatAWorkerSigns: the schemas say which messages a
// worker key signs. The fee grant pays for each of them and for no other message, and the
// daemon can decode each of them.
func TestTheGrantPaysForExactlyTheMessagesThatAWorkerSigns(t *testing.T) {
	codec, err := NewCodec()
	require.NoError(t, err)
	var signed []string
	proto.HybridResolver.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "theta.") {
			return true
		}
		for i := range file.Messages().Len() {
			message := file.Messages().Get(i)
			options, is := message.Options().(*descriptorpb.MessageOptions)
			if !is || !slices.Contains(protov2.GetExtension(options, msgv1.E_Signer).([]string), "worker") {
				continue
			}
			url := "/" + string(message.FullName())
			signed = append(signed, url)
			_, err := codec.InterfaceRegistry().Resolve(url)
			require.NoError(t, err, "the daemon has to know %s: register it in codec.go", url)
		}
		return true
	})
	slices.Sort(signed)
	require.NotEmpty(t, signed)
	require.Equal(t, signed, slices.Sorted(slices.Values(WorkerMessages())))
}
