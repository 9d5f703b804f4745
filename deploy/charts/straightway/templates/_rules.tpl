{{- /*
The least that each function needs. docs/kubernetes.md has the same as a table, with the reasons; a test
compares the two.
*/ -}}
{{- define "straightway.rules.everywhere" -}}
- apiGroups: [""]
  resources: [services, pods]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [networking.istio.io]
  resources: [gateways, virtualservices, destinationrules, serviceentries, workloadentries]
  verbs: [get, list, watch]
- apiGroups: [istio.alibabacloud.com]
  resources: [asmgrpcjsontranscoders]
  verbs: [get, list, watch]
- apiGroups: [straightway.dev]
  resources: [modeldiscoveries]
  verbs: [get, list, watch]
{{- if .Values.writeStatus }}
- apiGroups: [networking.istio.io]
  resources:
    - gateways/status
    - virtualservices/status
    - destinationrules/status
    - serviceentries/status
    - workloadentries/status
  verbs: [patch]
- apiGroups: [istio.alibabacloud.com]
  resources: [asmgrpcjsontranscoders/status]
  verbs: [patch]
- apiGroups: [straightway.dev]
  resources: [modeldiscoveries/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [get, create, patch]
{{- end }}
# The API server asks for `create` with a name where an apply creates the object.
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [straightway-ca]
  verbs: [create, patch]
{{- end }}

{{- define "straightway.rules.cluster" -}}
- apiGroups: [""]
  resources: [namespaces]
  verbs: [list, watch]
{{- if .Values.xds.tokenAudience }}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
{{- end }}
{{- if .Values.webhooks.validation.enabled }}
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations]
  resourceNames: [{{ include "straightway.clusterName" . }}]
  verbs: [get, patch]
{{- end }}
{{- if .Values.webhooks.injection.enabled }}
- apiGroups: [admissionregistration.k8s.io]
  resources: [mutatingwebhookconfigurations]
  resourceNames: [{{ include "straightway.clusterName" . }}]
  verbs: [get, patch]
{{- end }}
{{- if .Values.gatewaySecrets.cluster }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end }}
{{- end }}

{{- define "straightway.rules.own" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [straightway-leader]
  verbs: [get, update]
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ .Values.tls.secretName }}]
  verbs: [{{ .Values.tls.selfMade | ternary "get, create, patch" "get" }}]
{{- end }}

{{- define "straightway.rules.secrets" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end }}

{{- /* A Role and its binding: (dict "root" $ "namespace" … "name" … "rules" …) */ -}}
{{- define "straightway.role" -}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels:
    {{- include "straightway.labels" .root | nindent 4 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels:
    {{- include "straightway.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "straightway.name" .root }}
    namespace: {{ .root.Release.Namespace }}
{{ end }}
