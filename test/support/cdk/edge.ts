// Settings of a registry behind a CloudFront distribution.

export const WEB_ACL =
  'arn:aws:wafv2:us-east-1:123456789012:global/webacl/Firewall/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'
export const CERTIFICATE =
  'arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'

export const behindEdge = (own: object = {}) => ({ cloud: { edge: { webAcl: WEB_ACL, ...own } } })
