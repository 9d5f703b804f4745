{{- define "straightway.webhook.client" -}}
clientConfig:
  service:
    name: {{ include "straightway.name" .root }}
    namespace: {{ .root.Release.Namespace }}
    port: 9443
    path: {{ .path }}
admissionReviewVersions: [v1]
sideEffects: None
{{- end }}

{{- define "straightway.webhook.metadata" -}}
metadata:
  name: {{ include "straightway.clusterName" . }}
  labels:
    {{- include "straightway.labels" . | nindent 4 }}
{{- end }}

{{- define "straightway.webhook.pods" -}}
- apiGroups: [""]
  apiVersions: [v1]
  operations: [CREATE]
  resources: [pods]
  scope: Namespaced
{{- end }}

{{- /* Never the control plane's own namespace, nor Kubernetes'. */}}
{{- define "straightway.webhook.namespaces" -}}
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: [kube-system, kube-node-lease, {{ .Release.Namespace }}]
  {{- with .Values.namespaces }}
  - key: kubernetes.io/metadata.name
    operator: In
    values:
      {{- toYaml . | nindent 6 }}
  {{- end }}
{{- end }}
