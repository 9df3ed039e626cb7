package api

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/thetaedge/theta/sidecar/why"
)

// statusWith returns a status with a field "pauses" of a type, and the type of its messages.
func statusWith(t *testing.T, kind descriptorpb.FieldDescriptorProto_Type, typeName string) (*dynamicpb.Message, protoreflect.MessageDescriptor) {
	t.Helper()
	text := func(name string, number int32) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{
			Name: proto.String(name), Number: proto.Int32(number),
			Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		}
	}
	pauses := &descriptorpb.FieldDescriptorProto{
		Name: proto.String("pauses"), Number: proto.Int32(21), Type: kind.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum(),
	}
	if typeName != "" {
		pauses.TypeName = proto.String(typeName)
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("pauses_test.proto"), Package: proto.String("test"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: proto.String("Reason"), Field: []*descriptorpb.FieldDescriptorProto{text("rule", 1), text("sentence", 2)}},
			{Name: proto.String("Status"), Field: []*descriptorpb.FieldDescriptorProto{pauses}},
		},
	}, protoregistry.GlobalFiles)
	require.NoError(t, err)
	return dynamicpb.NewMessage(file.Messages().ByName("Status")), file.Messages().ByName("Reason")
}

func TestTheRulesThatHoldWorkBackAreReadIfTheStatusHasThem(t *testing.T) {
	status, reason := statusWith(t, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, ".test.Reason")
	require.Empty(t, pausesIn(status), "no rule holds work back")
	entry := dynamicpb.NewMessage(reason)
	entry.Set(reason.Fields().ByName("rule"), protoreflect.ValueOfString("hours"))
	entry.Set(reason.Fields().ByName("sentence"), protoreflect.ValueOfString("it is day"))
	status.Mutable(status.Descriptor().Fields().ByName("pauses")).List().Append(protoreflect.ValueOfMessage(entry))
	require.Equal(t, []why.Pause{{Rule: "hours", Sentence: "it is day"}}, pausesIn(status), "a status without a cure is read too")
}

func TestAStatusWithOtherPausesHasNoRules(t *testing.T) {
	status, reason := statusWith(t, descriptorpb.FieldDescriptorProto_TYPE_STRING, "")
	status.Mutable(status.Descriptor().Fields().ByName("pauses")).List().Append(protoreflect.ValueOfString("hours"))
	require.Empty(t, pausesIn(status))
	require.Empty(t, pausesIn(dynamicpb.NewMessage(reason)), "no field of that name")
}
